// Command sdks SCHEMA FOLDER binds a package schema and writes the Python and the Go SDK made of it below FOLDER.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "pulumi-ipip"

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: sdks SCHEMA FOLDER"))
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fail(err)
	}
}

func run(file, folder string) error {
	// Each generator writes what it finds into the package that it is given.
	pkg, err := bind(file)
	if err != nil {
		return err
	}
	files, err := python.GeneratePackage(tool, pkg, nil, nil)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(folder, "python"), files); err != nil {
		return err
	}
	if pkg, err = bind(file); err != nil {
		return err
	}
	if files, err = gogen.GeneratePackage(tool, pkg, nil); err != nil {
		return err
	}
	return write(filepath.Join(folder, "go"), files)
}

// bind reads a schema as the engine does, and takes a warning for an error.
func bind(file string) (*schema.Package, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	pkg, diagnostics, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if len(diagnostics) > 0 {
		return nil, diagnostics
	}
	return pkg, nil
}

func write(folder string, files map[string][]byte) error {
	for name, text := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sdks:", err)
	os.Exit(1)
}

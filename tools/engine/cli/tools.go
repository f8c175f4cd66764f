//go:build tools

// Package tools pins the versions of the engine's command line and of the YAML language host; it is never compiled itself.
package tools

import (
	_ "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
)

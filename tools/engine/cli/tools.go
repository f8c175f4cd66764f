//go:build tools

// Package tools pins the version of the engine's command line; it is never compiled itself.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"

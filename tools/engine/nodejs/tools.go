//go:build tools

// Package tools pins the version of the Node language host; it is never compiled itself.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"

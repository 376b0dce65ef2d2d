//go:build tools

// Package tools pins what checks the chart; packages/stack/go.ts builds it.
package tools

import (
	_ "github.com/helm-unittest/helm-unittest/cmd/helm-unittest"
	_ "helm.sh/helm/v3/cmd/helm"
)

// Command roots writes Mozilla's root certificates, as the Go team publishes
// them in a module, to the file that it is given: those of the image, fixed by
// go.sum, whatever the machine has on which the image is made.
package main

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// least is a number below which the bundle cannot be whole.
const least = 100

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: roots FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "roots: error:", err)
		os.Exit(3)
	}
}

// write leaves out roots that are trusted under a condition only (for
// certificates until a day, say): a file of certificates cannot say that.
func write(file string) error {
	var text bytes.Buffer
	n := 0
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		n++
		if err := pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return err
		}
	}
	if n < least {
		return fmt.Errorf("the bundle has %d roots without a condition, fewer than %d", n, least)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o644)
}

package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// longestFile is the number of lines that no Go file exceeds.
const longestFile = 400

// habits are the calls and variables that only some packages may use.
var habits = []struct {
	names   []string // as written: package.Name
	allowed func(one *pkg, at floor) bool
	why     string
}{
	{
		[]string{"os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "syscall.Exit"},
		func(one *pkg, _ floor) bool { return one.Name == "main" },
		"only a main ends the process",
	},
	{
		[]string{"fmt.Print", "fmt.Printf", "fmt.Println", "os.Stdout", "os.Stderr", "os.Stdin"},
		func(_ *pkg, at floor) bool { return at == base || at == tooling },
		"streams come from console",
	},
	{
		[]string{"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.Tick", "time.NewTimer", "time.NewTicker"},
		func(_ *pkg, at floor) bool { return at != pure },
		"a pure package gets its time as a value",
	},
}

// sourceViolations reads the files of one package.
func sourceViolations(one *pkg) ([]string, error) {
	var all []string
	documented := false
	for _, name := range one.GoFiles {
		file := filepath.Join(one.Dir, name)
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, hasDoc, err := fileViolations(one, name, text)
		if err != nil {
			return nil, err
		}
		documented = documented || hasDoc
		all = append(all, found...)
	}
	if !documented && len(one.GoFiles) > 0 {
		all = append(all, fmt.Sprintf("%s: the package has no doc comment", one.ImportPath))
	}
	return all, nil
}

// fileViolations judges one file, given as text.
func fileViolations(one *pkg, name string, text []byte) (all []string, hasDoc bool, err error) {
	where := strings.TrimPrefix(one.ImportPath, module+"/") + "/" + name
	if lines := bytes.Count(text, []byte("\n")); lines > longestFile {
		all = append(all, fmt.Sprintf("%s has %d lines, more than %d", where, lines, longestFile))
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments)
	if err != nil {
		return nil, false, err
	}
	say := func(at token.Pos, format string, args ...any) {
		all = append(all, fmt.Sprintf("%s:%d: ", where, set.Position(at).Line)+fmt.Sprintf(format, args...))
	}
	checkHabits(one, file, say)
	checkDocs(file, say)
	return all, file.Doc != nil, nil
}

// checkHabits looks for the selectors of habits, and for func init.
func checkHabits(one *pkg, file *ast.File, say func(token.Pos, string, ...any)) {
	at, _ := floorOf(one.ImportPath)
	ast.Inspect(file, func(node ast.Node) bool {
		switch found := node.(type) {
		case *ast.FuncDecl:
			if found.Name.Name == "init" && found.Recv == nil {
				say(found.Pos(), "func init: work at start costs every run, and order is hidden")
			}
		case *ast.SelectorExpr:
			left, ok := found.X.(*ast.Ident)
			if !ok || left.Obj != nil { // a local variable is no package
				return true
			}
			for _, habit := range habits {
				if written := left.Name + "." + found.Sel.Name; slices.Contains(habit.names, written) && !habit.allowed(one, at) {
					say(found.Pos(), "%s: %s", written, habit.why)
				}
			}
		}
		return true
	})
}

// checkDocs wants a comment on each exported name; in a group of constants or
// variables one above the group will do.
func checkDocs(file *ast.File, say func(token.Pos, string, ...any)) {
	for _, declared := range file.Decls {
		switch found := declared.(type) {
		case *ast.FuncDecl:
			if found.Name.IsExported() && found.Doc == nil && isExportedReceiver(found) {
				say(found.Pos(), "%s has no doc comment", found.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range found.Specs {
				if name := undocumented(spec); name != "" && found.Doc == nil {
					say(spec.Pos(), "%s has no doc comment", name)
				}
			}
		}
	}
}

// undocumented is the first exported name of a spec without a comment.
func undocumented(spec ast.Spec) string {
	switch found := spec.(type) {
	case *ast.TypeSpec:
		if found.Name.IsExported() && found.Doc == nil {
			return found.Name.Name
		}
	case *ast.ValueSpec:
		for _, name := range found.Names {
			if name.IsExported() && found.Doc == nil && found.Comment == nil {
				return name.Name
			}
		}
	}
	return ""
}

// isExportedReceiver: methods of a type that nobody outside can name need no
// comment of their own, nor do those whose meaning the language gives.
func isExportedReceiver(found *ast.FuncDecl) bool {
	if found.Recv == nil {
		return true
	}
	if slices.Contains([]string{"String", "Error", "Unwrap"}, found.Name.Name) {
		return false
	}
	receiver := found.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	name, ok := receiver.(*ast.Ident)
	return !ok || name.IsExported()
}

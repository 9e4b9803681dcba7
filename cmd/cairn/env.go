package main

import (
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// flagsFromEnv sets each flag that was not given from its environment variable.
func flagsFromEnv(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		variable := "CAIRN_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		text, ok := os.LookupEnv(variable)
		if f.Changed || !ok || text == "" || failed != nil {
			return
		}
		values := []string{text}
		if _, repeated := f.Value.(pflag.SliceValue); repeated {
			values = strings.Split(strings.TrimSpace(text), "\n")
		}
		for _, value := range values {
			if err := flags.Set(f.Name, value); err != nil {
				failed = usagef("%s: %w", variable, err)
			}
		}
	})
	return failed
}

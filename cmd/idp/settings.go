package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"surety/idp/server"
)

type settingsCommand struct{}

// Help is shown by -h.
func (settingsCommand) Help() string {
	return "Every variable of the environment that is looked at, with its default. Values are not shown."
}

// setting is a variable in JSON.
type setting struct {
	Name    string `json:"name"`
	Default string `json:"default,omitempty"`
	Usage   string `json:"usage"`
}

// Run lists them.
func (settingsCommand) Run(c *call) error {
	var all []setting
	for _, v := range server.Variables() {
		all = append(all, setting(v))
	}
	return c.answer(all, func(w io.Writer) error {
		table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
		for _, s := range all {
			usage := s.Usage
			if s.Default != "" {
				usage += " (default " + s.Default + ")"
			}
			if _, err := fmt.Fprintf(table, "%s\t%s\n", s.Name, usage); err != nil {
				return err
			}
		}
		return table.Flush()
	})
}

package text

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed terms
var termsFiles embed.FS

// Document is a longer text: terms of use.
type Document struct {
	Sections []Section
}

// Section is a heading with paragraphs. The first may have no heading.
type Section struct {
	Heading    string
	Paragraphs []string
}

// Terms returns the terms of use in the language.
func (l *Localizer) Terms() Document { return l.terms }

// readTerms reads terms/<lang>.txt: paragraphs divided by empty lines;
// a paragraph that begins with "# " is a heading.
func readTerms(lang string) (Document, error) {
	raw, err := termsFiles.ReadFile("terms/" + lang + ".txt")
	if err != nil {
		return Document{}, fmt.Errorf("read terms of use: %w", err)
	}
	return parseDocument(string(raw)), nil
}

func parseDocument(raw string) Document {
	var d Document
	for _, block := range strings.Split(strings.ReplaceAll(raw, "\r\n", "\n"), "\n\n") {
		p := strings.Join(strings.Fields(block), " ")
		heading, isHeading := strings.CutPrefix(p, "# ")
		switch {
		case p == "":
		case isHeading:
			d.Sections = append(d.Sections, Section{Heading: heading})
		default:
			if len(d.Sections) == 0 {
				d.Sections = append(d.Sections, Section{})
			}
			last := &d.Sections[len(d.Sections)-1]
			last.Paragraphs = append(last.Paragraphs, p)
		}
	}
	return d
}

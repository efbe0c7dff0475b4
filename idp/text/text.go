package text

import "errors"

// Catalogue holds the texts of all languages. Make it with Load.
type Catalogue struct{}

// Load reads the embedded texts.
func Load() (*Catalogue, error) { return nil, errors.New("not yet") }

// Document is a longer text: terms of use.
type Document struct {
	Sections []Section
}

// Section is a heading with paragraphs.
type Section struct {
	Heading    string
	Paragraphs []string
}

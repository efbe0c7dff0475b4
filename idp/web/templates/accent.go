package templates

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Accent is the one colour of a profile, for light and dark pages, as #rrggbb.
type Accent struct {
	Light, Dark string
}

// DefaultAccent is a deep petrol, which is no country's flag.
var DefaultAccent = Accent{Light: "#0b5563", Dark: "#7fccd8"}

// The papers that the accent must be read on, as in the stylesheet: page and
// tinted box, light and dark.
var (
	lightPapers = []string{"#ffffff", "#eaf1ef"}
	darkPapers  = []string{"#131a1b", "#1c2729"}
)

// minContrast is for text of ordinary size (WCAG 2.2, 1.4.3).
const minContrast = 4.5

// check refuses a colour that people could not read.
func (a Accent) check() error {
	for _, c := range []struct {
		colour string
		papers []string
	}{{a.Light, lightPapers}, {a.Dark, darkPapers}} {
		for _, paper := range c.papers {
			ratio, err := contrast(c.colour, paper)
			if err != nil {
				return err
			}
			if ratio < minContrast {
				return fmt.Errorf("accent %s has contrast %.1f on %s, needs %.1f", c.colour, ratio, paper, minContrast)
			}
		}
	}
	return nil
}

// apply puts the colours in front of the stylesheet and into the mark.
func (a Accent) apply(name string, body []byte) []byte {
	switch {
	case strings.HasSuffix(name, ".css"):
		return append(fmt.Appendf(nil, ":root{--accent:%s;--accent-dark:%s}\n", a.Light, a.Dark), body...)
	case strings.HasSuffix(name, ".svg"):
		return bytes.ReplaceAll(body, []byte(DefaultAccent.Light), []byte(a.Light))
	}
	return body
}

// contrast is the ratio of WCAG 2.2 (relative luminance) between two colours.
func contrast(a, b string) (float64, error) {
	la, err := luminance(a)
	if err != nil {
		return 0, err
	}
	lb, err := luminance(b)
	if err != nil {
		return 0, err
	}
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05), nil
}

func luminance(colour string) (float64, error) {
	hex, ok := strings.CutPrefix(colour, "#")
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || err != nil || len(hex) != 6 {
		return 0, fmt.Errorf("colour %q is not #rrggbb", colour)
	}
	linear := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0), nil
}

package browser_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// What a picture of the README may weigh, and how many there may be.
const (
	maxPicture  = 60 << 10
	maxPictures = 11
)

// publish puts the pictures that were taken into shots/.
func publish(t *testing.T, taken string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(taken, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, fewColours(picture)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("shots", filepath.Base(path)), out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fewColours paints a picture with at most 256 colours, which for pages are
// plenty: it makes colours coarser until they fit.
func fewColours(picture image.Image) *image.Paletted {
	for coarse := uint8(1); ; coarse *= 2 {
		if p := paint(picture, coarse); p != nil {
			return p
		}
	}
}

func paint(picture image.Image, coarse uint8) *image.Paletted {
	out := image.NewPaletted(picture.Bounds(), nil)
	index := map[color.RGBA]uint8{}
	for y := out.Rect.Min.Y; y < out.Rect.Max.Y; y++ {
		for x := out.Rect.Min.X; x < out.Rect.Max.X; x++ {
			c := coarser(picture.At(x, y), coarse)
			i, known := index[c]
			if !known {
				if len(out.Palette) == 256 {
					return nil
				}
				i = uint8(len(out.Palette))
				index[c], out.Palette = i, append(out.Palette, c)
			}
			out.Pix[out.PixOffset(x, y)] = i
		}
	}
	return out
}

// coarser rounds a colour, so that white stays white and black black.
func coarser(c color.Color, step uint8) color.RGBA {
	r, g, b, _ := c.RGBA()
	round := func(v uint32) uint8 {
		n := (255 / int(step)) // steps above black
		return uint8((int(v>>8)*n + 127) / 255 * 255 / n)
	}
	return color.RGBA{round(r), round(g), round(b), 255}
}

// TestPicturesAreSmall: the README must not weigh on anybody.
func TestPicturesAreSmall(t *testing.T) {
	t.Parallel()
	all, err := filepath.Glob("shots/*.png")
	if err != nil || len(all) == 0 || len(all) > maxPictures {
		t.Fatalf("%d pictures, %v", len(all), err)
	}
	for _, path := range all {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.DecodeConfig(bytes.NewReader(text))
		if err != nil || len(text) > maxPicture || picture.Width > 1000 {
			t.Errorf("%s: %d bytes, %d pixels wide, %v", path, len(text), picture.Width, err)
		}
	}
}

package templates

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// assetTypes are the kinds of files we serve, so that nothing is guessed.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// assets are the static files under names that hold a hash of their content:
// they can be kept by browsers for ever, and a new release is seen at once.
type assets struct {
	byName map[string]string // surety.css -> /assets/surety.0a1b2c3d4e.css
	byPath map[string]asset
}

type asset struct {
	kind string
	body []byte
}

func loadAssets(accent Accent) (*assets, error) {
	a := &assets{byName: map[string]string{}, byPath: map[string]asset{}}
	names, err := fs.Glob(assetFiles, "assets/*")
	if err != nil {
		return nil, fmt.Errorf("list assets: %w", err)
	}
	for _, name := range names {
		body, err := assetFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read asset: %w", err)
		}
		body = accent.apply(name, body)
		ext := path.Ext(name)
		kind := assetTypes[ext]
		if kind == "" {
			return nil, fmt.Errorf("asset %s has no known type", name)
		}
		sum := sha256.Sum256(body)
		base := path.Base(name)
		public := "/assets/" + strings.TrimSuffix(base, ext) + "." + hex.EncodeToString(sum[:5]) + ext
		a.byName[base], a.byPath[public] = public, asset{kind, body}
	}
	return a, nil
}

// path returns the public path of an asset; a page that names one that does
// not exist fails its test.
func (a *assets) path(name string) (string, error) {
	p, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return p, nil
}

// Assets serves the static files under /assets/.
func (t *Templates) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, ok := t.assets.byPath[r.URL.Path]
		if !ok {
			// A page of an older release may ask for an older name. The next page it opens will not.
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", file.kind)
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.body))
	})
}

// AssetPath returns the public path of a static file, for pages outside this
// package and for tests. It is empty if there is no such file.
func (t *Templates) AssetPath(name string) string { return t.assets.byName[name] }

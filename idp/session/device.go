package session

import "strings"

// browsers and systems are looked for in this order: most browsers claim to be
// others as well.
var (
	browsers = [][2]string{
		{"YaBrowser/", "Yandex Browser"}, {"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"Lynx/", "Lynx"}, {"w3m/", "w3m"}, {"ELinks/", "ELinks"},
	}
	systems = [][2]string{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"},
		{"Macintosh", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// Name says in plain words what the browser claims to be, for its owner to
// recognise: "Firefox, Linux". Proper names are the same in every language.
// Empty when nothing is recognised. It is only ever a claim.
func (d Device) Name() string {
	var parts []string
	for _, known := range [][][2]string{browsers, systems} {
		for _, k := range known {
			if strings.Contains(d.UserAgent, k[0]) {
				parts = append(parts, k[1])
				break
			}
		}
	}
	return strings.Join(parts, ", ")
}

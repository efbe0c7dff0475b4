package password

import "slices"

// choices is the least number of independent choices that make up any of the
// forms: what somebody who knows how people choose would have to guess.
func choices(forms [][]rune, known ...words) int {
	least := 0
	for i, form := range forms {
		if n := choicesOf(form, known); i == 0 || n < least {
			least = n
		}
	}
	return least
}

// choicesOf counts the choices of one form: cost[i] is the least for its first
// i characters.
func choicesOf(s []rune, known []words) int {
	cost := make([]int, len(s)+1)
	for i := range s {
		cost[i+1] = i + 1
	}
	reach := func(from, to int) { cost[to] = min(cost[to], cost[from]+1) }
	undisguised := []rune(mapped(string(s), leet))
	for i := range s {
		reach(i, i+1)
		for _, w := range known {
			for n := minWord; n <= w.longest && i+n <= len(s); n++ {
				if w.set[string(s[i:i+n])] || w.set[string(undisguised[i:i+n])] {
					reach(i, i+n)
				}
			}
		}
		for n := minWord; n <= runFrom(s[i:]); n++ {
			reach(i, i+n)
		}
		if isYear(s[i:]) {
			reach(i, i+4)
		}
		repetitions(s, i, reach)
	}
	return cost[len(s)]
}

// repetitions reaches over what repeats the block before i, once or more.
func repetitions(s []rune, i int, reach func(from, to int)) {
	for n := 1; n <= i && i+n <= len(s); n++ {
		block := s[i-n : i]
		for to := i + n; to <= len(s) && slices.Equal(block, s[to-n:to]); to += n {
			reach(i, to)
		}
	}
}

func isYear(s []rune) bool {
	return len(s) >= 4 && (s[0] == '1' && s[1] == '9' || s[0] == '2' && s[1] == '0') && isDigit(s[2]) && isDigit(s[3])
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// rows are the lines along which fingers and minds run: rows and slanting
// columns of the keyboard in four languages, digits, alphabets.
var rows = []string{
	"1234567890-=", "0123456789", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./",
	"йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю.", "йцукенгшўзх", "ячсмітьбю", "фівапролджє", "щзхї",
	"1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik,", "9ol.", "0p;/",
	"1йфя", "2цыч", "3увс", "4кам", "5епи", "6нрт", "7гоь", "8шлб", "9щдю",
	"1q2w3e4r5t6y7u8i9o0p", "1й2ц3у4к5е6н7г8ш9щ0з", "q1w2e3r4t5y6u7i8o9p0",
	"!@#$%^&*()_+", "!\"№;%:?*()_+",
	"abcdefghijklmnopqrstuvwxyz", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгдежзийк", "абвгґдеєжзиіїйклмн", "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
}

// neighbours holds each pair that stands side by side in a row, both ways round.
var neighbours = pairs(rows)

func pairs(rows []string) map[[2]rune]bool {
	set := map[[2]rune]bool{}
	for _, row := range rows {
		runes := []rune(row)
		for i := 1; i < len(runes); i++ {
			set[[2]rune{runes[i-1], runes[i]}] = true
			set[[2]rune{runes[i], runes[i-1]}] = true
		}
	}
	return set
}

// runFrom is the length of the run with which s begins.
func runFrom(s []rune) int {
	n := 1
	for n < len(s) && neighbours[[2]rune{s[n-1], s[n]}] {
		n++
	}
	return n
}

package main

import "fmt"

// person is a sample account, in the form of `idp sandbox-accounts`.
type person struct {
	Contact    string `json:"contact"`
	FamilyName string `json:"family_name,omitempty"`
	GivenName  string `json:"given_name,omitempty"`
	Patronymic string `json:"patronymic,omitempty"`
	Password   string `json:"password"`
	Language   string `json:"language"`
}

// loadPassword is shared by the accounts of the load test. Each is hashed with
// a salt of its own all the same.
const loadPassword = "granite heron 57 lantern"

// samplePeople are those whom the sandbox introduces: with e-mail and with a
// telephone, with one name and with three.
func samplePeople() []person {
	return []person{
		{Contact: "anna@example.org", FamilyName: "Кавальчук", GivenName: "Ганна", Patronymic: "Мікалаеўна", Password: "amber otter 42 window", Language: "be"},
		{Contact: "+375291112233", FamilyName: "Иванов", GivenName: "Пётр", Password: "violet marsh 19 ladder", Language: "ru"},
		{Contact: "olena@example.org", GivenName: "Олена", Password: "copper meadow 73 sail", Language: "uk"},
	}
}

// loadPeople are accounts for the load test alone.
func loadPeople(count int) []person {
	var out []person
	for i := range count {
		out = append(out, person{
			Contact: fmt.Sprintf("load%d@example.test", i), FamilyName: "Load", GivenName: "Person " + string(rune('A'+i/26)) + string(rune('A'+i%26)), // a name has no digits
			Password: loadPassword, Language: "en",
		})
	}
	return out
}

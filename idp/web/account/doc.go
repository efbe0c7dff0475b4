// Package account is the person's own pages: who they are here, how they log
// in, where they are logged in, which agencies know them, and the button that
// ends all of it everywhere.
package account

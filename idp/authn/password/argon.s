// Empty: its presence lets argon.go declare functions without bodies.

package assurance

func search(p Policy, r Requirement, s Situation, target int) Decision { return Refuse{} }

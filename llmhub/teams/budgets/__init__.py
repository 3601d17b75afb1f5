"""Money: what a call may cost at most is reserved before it, what it did cost is booked after."""

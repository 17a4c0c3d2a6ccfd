"""Files, weights and what is kept between commands: every byte that condgan writes goes through here."""

"""`mlgate stats`: what many reports say of rules, waivers, pins and repositories."""

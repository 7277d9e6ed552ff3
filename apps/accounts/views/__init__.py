"""The pages under /settings/ and the steps of signing in that are our own."""

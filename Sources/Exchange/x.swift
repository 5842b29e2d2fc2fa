package enum Nothing {}

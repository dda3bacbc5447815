"""One file per venue: its paths, frames and errors, as its own documents give them."""

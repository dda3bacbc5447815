"""The settings by what they are about; each class holds the variables of one page."""

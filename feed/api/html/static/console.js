// Keyboard shortcuts and other parts of the pages of staff.

"""Programs to run by hand or by make; a package only for the tests of some."""

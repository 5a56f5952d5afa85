"""Everything that parses foreign bytes, given any bytes: by hypothesis in the suite
(tests/unit/test_fuzz.py), and by atheris, which is led by the code's branches, with `make fuzz`."""

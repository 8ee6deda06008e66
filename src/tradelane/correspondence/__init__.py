"""Messages between officers and declarants, with deadlines."""

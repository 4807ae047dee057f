"""HCL read, and plain HCL modules as constructs. All but `module` load no cdktf."""

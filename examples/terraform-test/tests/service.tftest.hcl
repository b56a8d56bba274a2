# Binds a WABA in the account of the credentials. What the test makes stays there: the service has no operation to unbind.
run "bound_waba" {
  assert {
    condition     = output.space != ""
    error_message = "The WABA has no space."
  }
}

locals {
  declared = toset(["102030405060708"])
}

# A plan fails while the account has a binding that nobody declared.
data "alicloud_cams_waba_bindings" "all" {
  lifecycle {
    postcondition {
      condition     = self.complete && length(setsubtract(self.waba_ids, local.declared)) == 0
      error_message = "Undeclared WABAs: ${join(", ", setsubtract(self.waba_ids, local.declared))}"
    }
  }
}

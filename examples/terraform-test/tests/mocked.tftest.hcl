# Needs no account, no credentials and no network.
mock_provider "alicloud" {
  # Without defaults, a mock makes up eight letters for each attribute that the provider sets.
  mock_resource "alicloud_cams_waba_binding" {
    defaults = {
      id                    = "cams-8filvjc8snw"
      cust_space_id         = "cams-8filvjc8snw"
      account_review_status = "APPROVED"
    }
  }
}

run "approved_waba" {
  assert {
    condition     = output.space == "cams-8filvjc8snw" && output.approved
    error_message = "The outputs are not those of the binding."
  }
}

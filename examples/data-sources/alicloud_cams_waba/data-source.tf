resource "alicloud_cams_waba_binding" "shop" {
  waba_id = "102030405060708"
}

# The run stops here until Meta has approved the WABA and verified its business.
data "alicloud_cams_waba" "shop" {
  cust_space_id = alicloud_cams_waba_binding.shop.cust_space_id

  lifecycle {
    postcondition {
      condition     = self.account_review_status == "APPROVED" && self.verification_status == "verified"
      error_message = "WABA ${self.waba_id}: review ${self.account_review_status}, business ${self.verification_status}."
    }
  }
}

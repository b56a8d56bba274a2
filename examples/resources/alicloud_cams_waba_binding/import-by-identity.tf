# Needs Terraform 1.12 or later.
import {
  to = alicloud_cams_waba_binding.shop
  identity = {
    cust_space_id = "cams-8filvjc8snw"
  }
}

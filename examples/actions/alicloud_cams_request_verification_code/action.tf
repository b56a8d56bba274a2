# Reaches a person: terraform apply -invoke=action.alicloud_cams_request_verification_code.shop
action "alicloud_cams_request_verification_code" "shop" {
  config {
    cust_space_id = "cams-8filvjc8snw"
    phone_number  = "6580001234"
    locale        = "en_US"
    method        = "sms"
  }
}

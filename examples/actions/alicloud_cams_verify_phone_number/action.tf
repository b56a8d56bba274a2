variable "verify_code" {
  type      = string
  ephemeral = true
  default   = "" # only so that other plans need no code; no invocation accepts it
}

# terraform apply -invoke=action.alicloud_cams_verify_phone_number.shop -var verify_code=123456
action "alicloud_cams_verify_phone_number" "shop" {
  config {
    cust_space_id = "cams-8filvjc8snw"
    phone_number  = "6580001234"
    verify_code   = var.verify_code
  }
}

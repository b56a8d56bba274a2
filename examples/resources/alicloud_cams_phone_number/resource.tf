# A number that Meta's embedded signup has brought and verified: synchronised, and registered for sending.
resource "alicloud_cams_phone_number" "shop" {
  cust_space_id   = "cams-8filvjc8snw" # of an alicloud_cams_waba_binding
  phone_number    = "6580001234"
  deletion_policy = "PREVENT"
}

resource "alicloud_cams_phone_message_qrdl" "parcel" {
  cust_space_id     = "cams-8filvjc8snw" # of an alicloud_cams_waba_binding
  phone_number      = "6580001234"       # of an alicloud_cams_phone_number
  prefilled_message = "Where is my parcel?"
  generate_qr_image = "SVG"

  # The codes are in print: a plan that would void them fails.
  deletion_policy = "PREVENT"
}

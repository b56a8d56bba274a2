locals {
  declared = toset(["6580001234"])
}

# A plan fails while the WABA has a number that nobody declared, or one that cannot send.
data "alicloud_cams_phone_numbers" "all" {
  cust_space_id = "cams-8filvjc8snw"

  lifecycle {
    postcondition {
      condition     = length(setsubtract([for n in self.phone_numbers : n.phone_number], local.declared)) == 0
      error_message = "Undeclared numbers: ${join(", ", setsubtract([for n in self.phone_numbers : n.phone_number], local.declared))}"
    }
    postcondition {
      condition     = alltrue([for n in self.phone_numbers : n.status != "BANNED"])
      error_message = "A number is banned."
    }
  }
}

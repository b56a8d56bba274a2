# What is really there, also what nobody declared. A check warns, and stops nothing. Each list is read in the plan, so after a
# repair the next run is the first without a warning.
data "alicloud_cams_waba_bindings" "this" {
  assume_role = local.assume_role
}

data "alicloud_cams_phone_numbers" "this" {
  for_each      = var.wabas
  cust_space_id = data.alicloud_cams_waba.this[each.key].cust_space_id
  assume_role   = local.assume_role
}

data "alicloud_cams_chatapp_templates" "this" {
  for_each      = var.wabas
  cust_space_id = data.alicloud_cams_waba.this[each.key].cust_space_id
  assume_role   = local.assume_role
}

locals {
  undeclared = {
    wabas = setsubtract(data.alicloud_cams_waba_bindings.this.waba_ids, values(var.wabas)[*].waba_id)
    numbers = setsubtract(
      flatten(values(data.alicloud_cams_phone_numbers.this)[*].ids),
      values(alicloud_cams_phone_number.this)[*].id
    )
    templates = setsubtract(
      flatten(values(data.alicloud_cams_chatapp_templates.this)[*].ids),
      values(alicloud_cams_chatapp_template.order_shipped)[*].id
    )
  }

  # Where messages of customers really go, by number.
  inbound_urls = merge([
    for waba in data.alicloud_cams_phone_numbers.this : {
      for number in waba.phone_numbers : number.phone_number => number.up_callback_url
    }
  ]...)
  redirected = [
    for number in local.numbers : number.phone_number
    if coalesce(try(local.inbound_urls[number.phone_number], null), number.inbound_url) != number.inbound_url
  ]
}

check "undeclared" {
  assert {
    condition     = data.alicloud_cams_waba_bindings.this.complete
    error_message = "Some spaces of the account of ${var.role_arn} could not be read, so there may be more WABAs."
  }
  assert {
    condition     = length(local.undeclared.wabas) == 0
    error_message = "Bound by somebody, and not declared: WABA ${join(", ", local.undeclared.wabas)}."
  }
  assert {
    condition     = length(local.undeclared.numbers) == 0
    error_message = "Not declared: phone number ${join(", ", local.undeclared.numbers)}."
  }
  assert {
    condition     = length(local.undeclared.templates) == 0
    error_message = "Not declared: template ${join(", ", local.undeclared.templates)}."
  }
}

check "webhooks" {
  assert {
    condition     = length(local.redirected) == 0
    error_message = "Messages of customers go elsewhere: ${join(", ", local.redirected)}."
  }
}

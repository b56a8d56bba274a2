terraform {
  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}

locals {
  assume_role = {
    role_arn     = var.role_arn
    session_name = "terraform-onboarding"
  }

  # All numbers, by the names of WABA and number.
  numbers = merge([
    for waba, settings in var.wabas : {
      for name, number in settings.numbers : "${waba}/${name}" => merge(number, {
        waba         = waba
        phone_number = provider::alicloud::normalize_phone_number(number.phone_number)
        status_url   = "${number.webhook}/status"
        inbound_url  = "${number.webhook}/inbound"
      })
    }
  ]...)
}

# A person has activated the service for this account. The run stops here if nobody has.
data "alicloud_cams_service" "this" {
  assume_role = local.assume_role

  lifecycle {
    postcondition {
      condition     = self.open_status
      error_message = "Chat App Message Service is not active for the account of ${var.role_arn}."
    }
  }
}

# The owner of each WABA has finished Meta's embedded signup. A binding is for ever.
resource "alicloud_cams_waba_binding" "this" {
  for_each        = var.wabas
  waba_id         = each.value.waba_id
  deletion_policy = var.deletion_policy
  assume_role     = local.assume_role

  depends_on = [data.alicloud_cams_service.this]
}

# The gate: Meta reviews each WABA. Until it is approved the run stops here, and taints nothing.
data "alicloud_cams_waba" "this" {
  for_each      = var.wabas
  cust_space_id = alicloud_cams_waba_binding.this[each.key].cust_space_id
  assume_role   = local.assume_role

  lifecycle {
    postcondition {
      condition     = self.account_review_status == "APPROVED"
      error_message = "WABA ${self.waba_id} (${each.key}) is ${self.account_review_status} at Meta."
    }
  }
}

# Embedded signup verifies a number. For one that is not verified the provider warns, and says which code it needs.
resource "alicloud_cams_phone_number" "this" {
  for_each        = local.numbers
  cust_space_id   = data.alicloud_cams_waba.this[each.value.waba].cust_space_id
  phone_number    = each.value.phone_number
  deletion_policy = var.deletion_policy
  assume_role     = local.assume_role
}

resource "alicloud_cams_phone_webhook" "this" {
  for_each            = local.numbers
  cust_space_id       = alicloud_cams_phone_number.this[each.key].cust_space_id
  phone_number        = alicloud_cams_phone_number.this[each.key].phone_number
  status_callback_url = each.value.status_url
  up_callback_url     = each.value.inbound_url
  assume_role         = local.assume_role
}

# What customers see of the business.
resource "alicloud_cams_phone_business_profile" "this" {
  for_each      = local.numbers
  cust_space_id = alicloud_cams_phone_number.this[each.key].cust_space_id
  phone_number  = alicloud_cams_phone_number.this[each.key].phone_number
  about         = each.value.about
  vertical      = "RETAIL"
  websites      = [each.value.website]
  assume_role   = local.assume_role
}

resource "alicloud_cams_commerce_setting" "this" {
  for_each        = { for name, number in local.numbers : name => number if number.catalog != null }
  cust_space_id   = alicloud_cams_phone_number.this[each.key].cust_space_id
  phone_number    = alicloud_cams_phone_number.this[each.key].phone_number
  cart_enable     = each.value.catalog
  catalog_visible = each.value.catalog
  assume_role     = local.assume_role
}

resource "alicloud_cams_conversational_automation" "this" {
  for_each      = { for name, number in local.numbers : name => number if length(number.commands) > 0 }
  cust_space_id = alicloud_cams_phone_number.this[each.key].cust_space_id
  phone_number  = alicloud_cams_phone_number.this[each.key].phone_number
  commands      = [for name, text in each.value.commands : { command_name = name, command_description = text }]
  assume_role   = local.assume_role
}

# A changed text gets a new name: Meta locks the name of a deleted template for 30 days.
resource "alicloud_cams_chatapp_template" "order_shipped" {
  for_each      = var.wabas
  cust_space_id = data.alicloud_cams_waba.this[each.key].cust_space_id
  name          = "order_shipped_v1"
  language      = "en"
  category      = "UTILITY"
  body          = { text = "Hello $(customer), your order $(order) is on its way to you." }
  footer        = { text = "Thank you for your order" }
  buttons       = [{ type = "URL", text = "Track", url = "https://example.com/t/$(order)", url_type = "dynamic" }]
  example       = { customer = "Ana", order = "4711" }

  # Meta may move a template to a more expensive category. It is not sent then.
  category_change_paused = true
  deletion_policy        = "ARCHIVE"
  assume_role            = local.assume_role

  lifecycle {
    # Meta reviews each template, in minutes to days.
    postcondition {
      condition     = contains(["auditing", "pass"], self.audit_status)
      error_message = "Template ${self.name} (${each.key}) is ${self.audit_status}: ${coalesce(self.reason, "no reason given")}"
    }
    postcondition {
      condition     = self.current_category == self.category
      error_message = "Meta has moved ${self.name} (${each.key}) from ${self.category} to ${self.current_category}."
    }
  }
}

variable "role_arn" {
  description = "The role to assume in the tenant's account."
  type        = string
}

variable "wabas" {
  description = "The WABAs of the tenant by a name of your choice, each with its numbers."
  type = map(object({
    waba_id = string
    numbers = map(object({
      phone_number = string
      webhook      = string
      about        = string
      website      = string
      catalog      = optional(bool)            # shows catalogue and cart; absent, nobody manages them
      commands     = optional(map(string), {}) # what customers can type after a slash, and what it does
    }))
  }))
}

variable "deletion_policy" {
  description = "PREVENT keeps bindings and numbers from being destroyed. ABANDON lets a tenant go."
  type        = string
  default     = "PREVENT"
}

// SPDX-License-Identifier: Apache-2.0

//! What the library knows of HTTP.

pub(crate) mod field_names;
pub(crate) mod response_head;
pub(crate) mod structured_field;
pub(crate) mod upgrade;

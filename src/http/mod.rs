// SPDX-License-Identifier: Apache-2.0

//! What the library knows of HTTP.

pub(crate) mod field_names;
mod folding;
mod known_headers;
mod name_tree;
pub(crate) mod response_head;
pub(crate) mod structured_field;
pub(crate) mod upgrade;

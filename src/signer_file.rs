use crate::{error::Error, signer::Signer};
use std::path::Path;
impl Signer {
    pub(crate) fn from_file(_: &Path, _: Option<&Path>) -> Result<Self, Error> {
        Err(Error::SigningFailed)
    }
}

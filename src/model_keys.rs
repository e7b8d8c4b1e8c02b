//! The keys of a clinic's models, sealed for its ledger and opened again, each bound to the clinic and the address it is for.
//!
//! So a sealed key that were put beside another address would not open there: nobody gets a key by changing where it is sent.

use std::convert::Infallible;

use crate::model::{BaseUrl, ModelKey, Models, SealedToken, TenantId};
use crate::seal::{DoesNotOpen, MasterKey, Sealer, open_word};

/// What a sealed key is bound to: its purpose, its clinic and its address.
fn place(tenant: TenantId, base_url: &BaseUrl) -> Vec<u8> {
    let mut place = b"holdfast/1 model key".to_vec();
    place.extend_from_slice(&tenant.0.to_le_bytes());
    place.extend_from_slice(base_url.as_str().as_bytes());
    place
}

/// The models as their ledger keeps them.
pub fn seal_models(
    sealer: &mut Sealer,
    tenant: TenantId,
    models: &Models<ModelKey>,
) -> Models<SealedToken> {
    let seal = |base_url: &BaseUrl, key: &ModelKey| {
        Ok::<_, Infallible>(sealer.seal_word(&place(tenant, base_url), key.expose()))
    };
    models
        .with_keys(seal)
        .unwrap_or_else(|never| match never {})
}

/// The models with their keys in clear.
pub fn open_models(
    master: &MasterKey,
    tenant: TenantId,
    models: &Models<SealedToken>,
) -> Result<Models<ModelKey>, DoesNotOpen> {
    models.with_keys(|base_url, key| {
        let text = open_word(master, tenant, &place(tenant, base_url), key)?;
        ModelKey::new(text).map_err(|_| DoesNotOpen)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, ModelName};

    fn models<K>(base_url: &str, key: K) -> Models<K> {
        Models {
            chat: Endpoint {
                base_url: BaseUrl::new(base_url).expect("an address"),
                model: ModelName::new("m".to_owned()).expect("a name"),
                key: Some(key),
            },
            temperature: None,
            embeddings: None,
        }
    }

    #[test]
    fn a_key_opens_for_its_clinic_and_its_address_alone() {
        let master = MasterKey::new([9; 32]);
        let mut sealer = Sealer::of(&master, TenantId(1), [1; 16]);
        let key = ModelKey::new("sk-secret".to_owned()).expect("a key");
        let clear = models("https://a.example/v1", key);
        let sealed = seal_models(&mut sealer, TenantId(1), &clear);
        let bytes = &sealed.chat.key.as_ref().expect("a key").bytes;
        assert!(!bytes.windows(6).any(|part| part == b"secret"));
        let open = |tenant, sealed| open_models(&master, TenantId(tenant), sealed);
        assert_eq!(open(1, &sealed), Ok(clear));
        assert_eq!(open(2, &sealed), Err(DoesNotOpen));
        let elsewhere = models(
            "https://b.example/v1",
            sealed.chat.key.clone().expect("a key"),
        );
        assert_eq!(open(1, &elsewhere), Err(DoesNotOpen));
    }
}

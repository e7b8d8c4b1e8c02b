//! Looks that a tenant's actor answers out of its core, each in a line: they change nothing.

use actix::{Handler, MessageResult};

use super::actor::TenantActor;
use super::asking::{LookForCaller, LookForPersons, OpenModels, OpenVoiceLine, Recall};

impl Handler<Recall> for TenantActor {
    type Result = MessageResult<Recall>;

    fn handle(&mut self, recall: Recall, _: &mut Self::Context) -> Self::Result {
        let (core, now) = self.asked();
        MessageResult(core.recall(recall.phone.as_ref(), recall.page, recall.viewer, now))
    }
}

impl Handler<LookForPersons> for TenantActor {
    type Result = MessageResult<LookForPersons>;

    fn handle(
        &mut self,
        LookForPersons(search): LookForPersons,
        _: &mut Self::Context,
    ) -> Self::Result {
        let (core, _) = self.asked();
        MessageResult(core.persons(&search))
    }
}

impl Handler<LookForCaller> for TenantActor {
    type Result = MessageResult<LookForCaller>;

    fn handle(
        &mut self,
        LookForCaller(look): LookForCaller,
        _: &mut Self::Context,
    ) -> Self::Result {
        let (core, now) = self.asked();
        MessageResult(core.look_for_caller(look, now))
    }
}

impl Handler<OpenVoiceLine> for TenantActor {
    type Result = MessageResult<OpenVoiceLine>;

    fn handle(&mut self, _: OpenVoiceLine, _: &mut Self::Context) -> Self::Result {
        let (core, _) = self.asked();
        let line = core.opening().open_voice(core.ledger());
        MessageResult(core.unconfirmed(line))
    }
}

impl Handler<OpenModels> for TenantActor {
    type Result = MessageResult<OpenModels>;

    fn handle(&mut self, _: OpenModels, _: &mut Self::Context) -> Self::Result {
        let (core, _) = self.asked();
        let models = core.opening().open_models(core.ledger());
        MessageResult(core.unconfirmed(models))
    }
}

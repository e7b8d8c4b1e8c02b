//! The public ids of what events name by number: given once, by the event that adds a service or resource, and never changed.

use crate::model::{ResourceId, ServiceId, Slug};

use crate::ledger::event::Event;

/// The public ids of what events name by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    services: Vec<Slug>,
    resources: Vec<Slug>,
}

impl Names {
    /// Whether an event gives a name.
    pub fn are_in(event: &Event) -> bool {
        matches!(event, Event::ServiceAdded(_) | Event::ResourceAdded(_))
    }

    /// Takes in the name that an event gives, if it gives one. Numbers are given without gaps, in the order of these events.
    pub fn learn(&mut self, event: &Event) {
        match event {
            Event::ServiceAdded(service) => self.services.push(service.id.clone()),
            Event::ResourceAdded(resource) => self.resources.push(resource.id.clone()),
            _ => {}
        }
    }

    /// The public ids of services and of resources, by number: what a catalog keeps.
    pub fn taken_down(&self) -> (&[Slug], &[Slug]) {
        (&self.services, &self.resources)
    }

    /// The same again.
    pub fn restored(services: Vec<Slug>, resources: Vec<Slug>) -> Self {
        Self {
            services,
            resources,
        }
    }

    /// Of a service.
    pub(super) fn service(&self, number: ServiceId) -> Option<Slug> {
        self.services.get(number.0 as usize).cloned()
    }

    /// Of resources.
    pub(super) fn resources(&self, numbers: impl IntoIterator<Item = ResourceId>) -> Vec<Slug> {
        let numbers = numbers.into_iter();
        numbers
            .filter_map(|number| self.resources.get(number.0 as usize).cloned())
            .collect()
    }
}

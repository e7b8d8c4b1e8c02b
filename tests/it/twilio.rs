//! Texts by Twilio, against a stand-in for it: what each of its ways to answer or not to answer comes to.

mod callbacks;
mod carrier;
mod follow_ups;
mod inbound;
mod pumping;
mod sending;

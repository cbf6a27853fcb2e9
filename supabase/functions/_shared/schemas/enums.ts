/** The values of the database's enums, as requests and answers name them. */
import { Constants } from "../database.types.ts";

const { Enums } = Constants.public;

export const STATUS = Enums.contact_status;
export const AUTO_STATUS = Enums.contact_auto_status;
export const SALE_STATUS = Enums.contact_sale_status;
export const SOURCE = Enums.contact_source;
export const GRADE = Enums.contact_grade;
export const SENTIMENT = Enums.sentiment_level;
export const CONVERSATION_STATUS = Enums.conversation_status;
export const CONVERSATION_PHASE = Enums.conversation_phase;
export const BOT_STATUS = Enums.bot_status;
export const DIRECTION = Enums.message_direction;
export const SENDER_TYPE = Enums.sender_type;
export const MESSAGE_STATUS = Enums.message_status;
